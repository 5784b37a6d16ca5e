/// What a daemon's `/metrics` said, read back.
package struct ScrapedMetrics: Sendable {
    /// By name with labels, as it stands on the line.
    private let values: [String: Double]

    /// Reads Prometheus' text format 0.0.4 as ``MetricFamily`` writes it; lines that are none are passed over.
    package init(parsing text: String) {
        var values: [String: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
                continue
            }
            values[String(line[..<space])] = value
        }
        self.values = values
    }

    /// The value of a metric without labels.
    package subscript(name: String) -> Double? { values[name] }

    /// The values of a metric with one label, by the label's value.
    package func by(_ label: String, _ name: String) -> [(key: String, value: Double)] {
        let (start, end) = ("\(name){\(label)=\"", "\"}")
        return values.filter { $0.key.hasPrefix(start) && $0.key.hasSuffix(end) }
            .map { (key: String($0.key.dropFirst(start.count).dropLast(end.count)), value: $0.value) }
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    }
}
