import Synchronization

/// A count that only grows.
package final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)
    package init() {}
    package func add(_ number: UInt64 = 1) { count.wrappingAdd(number, ordering: .relaxed) }
    package var value: UInt64 { count.load(ordering: .relaxed) }
}

/// A number that goes up and down.
package final class Level: Sendable {
    private let number = Atomic<Int>(0)
    package init() {}
    package func set(_ value: Int) { number.store(value, ordering: .relaxed) }
    package func add(_ value: Int) { number.wrappingAdd(value, ordering: .relaxed) }
    package var value: UInt64 { UInt64(max(0, number.load(ordering: .relaxed))) }
}

/// Counts for each combination of labels that occurs. What comes after ``seriesLimit`` combinations is counted as
/// `other`, so that no stranger can make a scrape grow.
package final class LabelledCounter: Sendable {
    /// The most combinations.
    package static let seriesLimit = 512
    private let names: [String]
    private let counts = Mutex<[[String]: UInt64]>([:])

    package init(_ names: String...) { self.names = names }

    package func add(_ values: String...) {
        counts.withLock { counts in
            let isKnown = counts[values] != nil || counts.count < Self.seriesLimit
            counts[isKnown ? values : values.map { _ in "other" }, default: 0] += 1
        }
    }

    package func family(_ name: String, _ help: String) -> MetricFamily {
        let sorted = counts.withLock { $0 }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        return MetricFamily(
            name, .counter, help,
            sorted.map { values, count in
                MetricFamily.Sample(
                    suffix: "", labels: zip(names, values).map { MetricFamily.Label($0, $1) }, value: .whole(count))
            })
    }
}

/// How often something was how large, for each value of a label if it has one.
package final class Histogram: Sendable {
    /// Seconds: from a small read to the longest poll.
    package static let durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

    private struct Series {
        /// One for each bound, and one for what is above.
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let label: String?
    private let series: Mutex<[String: Series]>

    /// - Parameter bounds: rising upper bounds.
    package init(bounds: [Double], by label: String? = nil) {
        self.bounds = bounds
        self.label = label
        let empty = Series(counts: Array(repeating: 0, count: bounds.count + 1))
        series = Mutex(label == nil ? ["": empty] : [:])
    }

    package func observe(_ value: Double, _ key: String = "") {
        let place = bounds.firstIndex { value <= $0 } ?? bounds.count
        let width = bounds.count + 1
        series.withLock { series in
            let isKnown = series[key] != nil || series.count < LabelledCounter.seriesLimit
            let key = isKnown ? key : "other"
            series[key, default: Series(counts: Array(repeating: 0, count: width))].counts[place] += 1
            series[key]?.sum += value
        }
    }

    package func observe(_ duration: Duration, _ key: String = "") { observe(duration / .seconds(1), key) }

    package func family(_ name: String, _ help: String) -> MetricFamily {
        let all = series.withLock { $0 }.sorted { $0.key < $1.key }
        return MetricFamily(name, .histogram, help, all.flatMap { samples($0.key, $0.value) })
    }

    private func samples(_ key: String, _ series: Series) -> [MetricFamily.Sample] {
        let own = label.map { [MetricFamily.Label($0, key)] } ?? []
        var total: UInt64 = 0
        var samples: [MetricFamily.Sample] = []
        for (count, bound) in zip(series.counts, bounds.map { MetricFamily.Value.real($0).text } + ["+Inf"]) {
            total += count
            samples.append(
                MetricFamily.Sample(
                    suffix: "_bucket", labels: own + [MetricFamily.Label("le", bound)], value: .whole(total)))
        }
        samples.append(MetricFamily.Sample(suffix: "_sum", labels: own, value: .real(series.sum)))
        samples.append(MetricFamily.Sample(suffix: "_count", labels: own, value: .whole(total)))
        return samples
    }
}
