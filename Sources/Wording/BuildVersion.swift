/// The version that these programs are of.
package enum BuildVersion {
    package static let text = "0.1.0"
}
