import Daemon
import Ledger
import Relay
import Statements
import TestKit
import Testing
import Wire

@Suite("Metrics", .timeLimit(.minutes(1)))
struct MetricsTests {
    @Test("what happens is counted: requests, statements, rejections, problems, commits, connections, bytes")
    func counted() async throws {
        try await RelayInABox.run(nil, .watched()) { box in
            let envelope = try box.envelope()
            try await box.accept(envelope)
            try await box.accept(envelope)
            let barred = Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)
            _ = try await box.post(.submitEnvelope, box.envelope(legs: [barred]).bytes)
            _ = try await box.exchange(box.request("GET", "/v1/nothing/of/the/kind?\"\\"))
            _ = try await box.exchange(box.request("POST", "/checkpoint"))
            let found = try await box.metrics()
            #expect(found[#"valise_statements_total{act="submission",outcome="accepted"}"#] == 1)
            #expect(found[#"valise_statements_total{act="submission",outcome="repeated"}"#] == 1)
            #expect(found[#"valise_statements_total{act="submission",outcome="rejected"}"#] == 1)
            #expect(found.by("code", "valise_rejections_total").map(\.key) == ["barred"])
            #expect(found[#"valise_requests_total{route="POST /v1/envelopes",status="2xx"}"#] == 2)
            #expect(found[#"valise_requests_total{route="POST /v1/envelopes",status="4xx"}"#] == 1)
            #expect(found[#"valise_requests_total{route="none",status="4xx"}"#] == 2)
            #expect(found[#"valise_problems_total{code="barred"}"#] == 1)
            #expect(found[#"valise_problems_total{code="method-not-allowed"}"#] == 1)
            #expect(found["valise_envelope_bytes_total"] == Double(envelope.bytes.count))
            #expect(found["valise_log_size"] == Double(box.head.size.rawValue))
            #expect(try #require(found["valise_commit_duration_seconds_count"]) >= 1)
            #expect(try #require(found["valise_connections_total"]) >= 5)
            #expect(try #require(found["valise_received_bytes_total"]) > Double(envelope.bytes.count * 2))
            #expect(try #require(found["valise_sent_bytes_total"]) > 1_000)
            #expect(found["valise_unsettled_messages"] == 1)
            #expect(found["valise_ready"] == 1)
            #expect(try #require(found["process_open_fds"]) > 3)
            // Read when the relay begins, and not when somebody asks.
            while try await box.metrics()["valise_database_bytes"] == nil { await Task.yield() }
            #expect(try #require(try await box.metrics()["valise_database_bytes"]) > 8_192)
        }
    }

    @Test("a poll that waits is a level, and its route is one of its own")
    func polls() async throws {
        try await RelayInABox.run(nil, .watched()) { box in
            let query = try #require(InboxQuery(after: ArrivalNumber(0), wait: 60))
            let connection = try await box.connect()
            try await connection.write(box.reading(.inbox(query), as: FixtureWorld.speaker))
            while try await box.metrics()["valise_long_polls"] != 1 { await Task.yield() }
            #expect(try #require(try await box.metrics()["valise_connections"]) >= 1)
            try await box.accept(box.envelope())
            _ = try await connection.answer()
            let found = try await box.metrics()
            #expect(found["valise_long_polls"] == 0)
            #expect(found[#"valise_request_duration_seconds_count{route="GET /v1/inbox?wait"}"#] == 1)
            await connection.close()
        }
    }

    @Test("a commit that failed is counted as that, and its senders as turned away")
    func failures() async throws {
        try await RelayInABox.run(nil, .watched { _ in }) { box in
            box.store.then([.notPersisted])
            #expect(try await box.post(.submitEnvelope, box.envelope().bytes).status == 503)
            let found = try await box.metrics()
            #expect(found["valise_commit_failures_total"] == 1)
            #expect(found[#"valise_statements_total{act="submission",outcome="unavailable"}"#] == 1)
        }
    }

    @Test("a scrape names no party, no delegate and no message")
    func anonymous() async throws {
        try await RelayInABox.run(nil, .watched()) { box in
            let envelope = try box.envelope(legs: [RelayInABox.toSpeaker])
            try await box.accept(envelope)
            try await box.tell(envelope.message, by: FixtureWorld.speaker) { .receipt($0, .retrieved) }
            #expect(try await box.get(.keys(FixtureWorld.speaker.party), as: FixtureWorld.envoy).status == 200)
            // For a party that is not on its route it is not there.
            #expect(try await box.get(.message(envelope.message), as: FixtureWorld.hezbollah).status == 404)
            let (status, text) = try await box.health("/metrics")
            #expect(status == 200)
            let found = ScrapedMetrics(parsing: text)
            for act in ["submission", "receipt"] {
                #expect(found[#"valise_statements_total{act="\#(act)",outcome="accepted"}"#] == 1, "\(act)")
            }
            #expect(found[#"valise_requests_total{route="GET /v1/parties/{id}/keys",status="2xx"}"#] == 1)
            #expect(found[#"valise_requests_total{route="GET /v1/messages/{id}",status="4xx"}"#] == 1)
            for word in FixtureWorld.delegates.flatMap({ [$0.party.description, $0.description] })
                + [envelope.message.description, envelope.signed.id.description]
            {
                #expect(!text.contains(word), "\(word)")
            }
        }
    }

    @Test("every family has its help and type once, and every line can be read")
    func form() async throws {
        try await RelayInABox.run(nil, .watched()) { box in
            try await box.accept(box.envelope())
            let text = try await box.health("/metrics").text
            let names = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map {
                $0.split(separator: " ")[2]
            }
            #expect(Set(names).count == names.count && names.count > 35)
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                #expect(line.wholeMatch(of: /[a-z_]+(?:\{[^{}]*\})? (?:\+Inf|[0-9.e+-]+)/) != nil, "\(line)")
            }
        }
    }
}

@Suite("Instruments")
struct InstrumentTests {
    @Test("a label cannot end itself or the line")
    func escaped() {
        let family = MetricFamily(gauge: "x", "Two\nlines \\.", by: "l", [("a\"} 1\n\\", .whole(3))])
        #expect(family.text == "# HELP x Two\\nlines \\\\.\n# TYPE x gauge\nx{l=\"a\\\"} 1\\n\\\\\"} 3\n")
    }

    @Test("a histogram counts up to each bound, and above")
    func histogram() {
        let histogram = Histogram(bounds: [0.5, 1])
        for value in [0.25, 0.5, 0.75, 4] { histogram.observe(value) }
        let lines = histogram.family("x", "y").text.split(separator: "\n").dropFirst(2)
        #expect(
            lines == [
                #"x_bucket{le="0.5"} 2"#, #"x_bucket{le="1.0"} 3"#, #"x_bucket{le="+Inf"} 4"#, "x_sum 5.5", "x_count 4",
            ])
    }

    @Test("more combinations of labels than the limit are counted as other")
    func bounded() {
        let counter = LabelledCounter("a")
        for number in 0..<LabelledCounter.seriesLimit + 10 { counter.add("\(number)") }
        counter.add("0")
        let text = counter.family("x", "y").text
        #expect(text.split(separator: "\n").count == LabelledCounter.seriesLimit + 3)
        #expect(text.contains("x{a=\"other\"} 10\n") && text.contains("x{a=\"0\"} 2\n"))
    }

    @Test("a scrape is read back, also by a label")
    func scraped() {
        let counter = LabelledCounter("code")
        counter.add("b")
        for _ in 0..<3 { counter.add("a") }
        let found = ScrapedMetrics(parsing: counter.family("x_total", "y").text + "x 1.5\nbroken\n")
        #expect(found["x"] == 1.5)
        #expect(found.by("code", "x_total").map(\.key) == ["a", "b"])
    }
}
