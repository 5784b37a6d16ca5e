import Glibc

/// What the kernel says of this process, under the names that Prometheus' own client libraries use.
package enum ProcessFigures {
    /// Empty where there is no `/proc`.
    package static var families: [MetricFamily] {
        guard let stat = Stat() else { return [] }
        let page = UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
        let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        return [
            MetricFamily(
                counter: "process_cpu_seconds_total", "Processor time of this process, in seconds.",
                .real(Double(stat.cpuTicks) / ticks)),
            MetricFamily(
                gauge: "process_resident_memory_bytes", "Memory of this process that is in RAM.",
                .whole(stat.residentPages * page)),
            MetricFamily(
                gauge: "process_virtual_memory_bytes", "Address space of this process.", .whole(stat.virtualBytes)),
            MetricFamily(
                gauge: "process_open_fds", "Open file descriptors.",
                DescriptorCount.ofProcess.current.map { .whole($0) }),
            MetricFamily(
                gauge: "process_max_fds", "How many file descriptors may be open.", mostDescriptors.map { .whole($0) }),
            MetricFamily(
                gauge: "process_start_time_seconds", "When this process started.",
                bootTime.map { .real($0 + Double(stat.startTicks) / ticks) }),
        ]
    }

    /// Descriptors that are open and that may be.
    package static var descriptors: (open: UInt64, most: UInt64)? {
        guard let open = DescriptorCount.ofProcess.current, let mostDescriptors else { return nil }
        return (open, mostDescriptors)
    }

    /// Fields of `/proc/self/stat` (proc(5)).
    private struct Stat {
        let cpuTicks: UInt64
        let startTicks: UInt64
        let virtualBytes: UInt64
        let residentPages: UInt64

        init?() {
            guard let text = ProcessFigures.read("/proc/self/stat"), let end = text.lastIndex(of: ")") else {
                return nil
            }
            // The name in parentheses may hold anything; the state that comes after it is field 3.
            let fields = text[text.index(after: end)...].split(separator: " ")
            func number(_ field: Int) -> UInt64? {
                fields.indices.contains(field - 3) ? UInt64(fields[field - 3]) : nil
            }
            guard let user = number(14), let system = number(15), let start = number(22), let size = number(23),
                let resident = number(24)
            else { return nil }
            (cpuTicks, startTicks, virtualBytes, residentPages) = (user + system, start, size, resident)
        }
    }

    private static var mostDescriptors: UInt64? {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? UInt64(limit.rlim_cur) : nil
    }

    /// Seconds since 1970.
    private static var bootTime: Double? {
        guard let line = read("/proc/stat")?.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }) else {
            return nil
        }
        return Double(line.dropFirst("btime ".count))
    }

    /// The beginning of a file of the kernel's, which has no size.
    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 * 1024)
        while bytes.count < 256 * 1024 {
            let count = Glibc.read(file, &piece, piece.count)
            guard count > 0 else { break }
            bytes += piece[..<count]
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
