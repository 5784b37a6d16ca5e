extension DaemonError {
    /// A listener that could not have its address; nil for any other error. The libraries say it in words alone.
    package init?(bindingFailed error: any Error) {
        let text = String(describing: error)
        guard text.contains("bind(") else { return nil }
        self.init(
            code: "port-in-use", message: "The program cannot listen there: \(text).",
            hint: "choose another --port, or stop what listens on it")
    }
}
