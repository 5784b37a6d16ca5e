import Relay

extension RelayInABox {
    /// Has the relay do now what it does in rounds: ticks and notices of expiry that have fallen due.
    package func round() async { await server.acts.round() }
}
