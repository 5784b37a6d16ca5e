/// A metric with its samples, as a scrape shows it: Prometheus' text format 0.0.4.
package struct MetricFamily: Sendable, Hashable {
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    package struct Label: Sendable, Hashable {
        let name: String
        let value: String
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package struct Sample: Sendable, Hashable {
        /// After the family's name: `_bucket`, `_sum` and `_count` of a histogram.
        let suffix: String
        let labels: [Label]
        let value: Value
    }

    /// A number that keeps every digit of a count.
    package enum Value: Sendable, Hashable {
        case whole(UInt64)
        case real(Double)

        var text: String {
            switch self {
            case .whole(let value): String(value)
            case .real(let value) where value == .infinity: "+Inf"
            case .real(let value): value.description
            }
        }
    }

    package let name: String
    package let kind: Kind
    /// One sentence.
    package let help: String
    package let samples: [Sample]

    package init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    /// One number without labels; nothing is shown where there is none.
    package init(gauge name: String, _ help: String, _ value: Value?) {
        self.init(name, .gauge, help, value.map { [Sample(suffix: "", labels: [], value: $0)] } ?? [])
    }

    /// One number for each value of a label.
    package init(gauge name: String, _ help: String, by label: String, _ values: [(key: String, value: Value)]) {
        self.init(
            name, .gauge, help,
            values.map { Sample(suffix: "", labels: [Label(label, $0.key)], value: $0.value) })
    }

    package init(counter name: String, _ help: String, _ value: Value) {
        self.init(name, .counter, help, [Sample(suffix: "", labels: [], value: value)])
    }

    /// The lines of a scrape; empty without samples, since a family without any tells nothing.
    package var text: String {
        guard !samples.isEmpty else { return "" }
        var text = "# HELP \(name) \(Self.escaped(help))\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            text += name + sample.suffix
            if !sample.labels.isEmpty {
                let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
                text += "{" + labels.joined(separator: ",") + "}"
            }
            text += " \(sample.value.text)\n"
        }
        return text
    }

    /// Nothing that a label holds can end it, or the line.
    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
