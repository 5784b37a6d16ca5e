/// Bytes that came in pieces.
package actor Pieces {
    package private(set) var all: [UInt8] = []
    package init() {}
    package func take(_ piece: [UInt8]) { all += piece }
}
