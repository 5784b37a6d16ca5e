import Wire

/// A relay that is about to be stopped: what it has begun is finished, and nothing new is begun.
extension PublishedLog {
    /// Reading goes on until the stop; what would change something is sent again to the relay that starts next.
    func admit(_ route: Route) throws(Problem) {
        guard isDraining, route.appetite != .nothing else { return }
        throw Problem(.draining, "The relay is about to be stopped, and takes nothing new.")
    }

    /// What `/readyz` says of it; nil while the relay takes what comes.
    var drainCheck: ReadinessCheck? {
        guard isDraining else { return nil }
        return ReadinessCheck(
            "intake", .fail, "The relay is draining: it takes nothing new, and stops.",
            next: "wait until it has stopped, then start it again")
    }
}
