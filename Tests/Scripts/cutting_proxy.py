"""A proxy before a relay that cuts connections when it is told to: all at once, or each after so many bytes."""
import selectors
import socket
import threading


class CuttingProxy:
    def __init__(self, port, behind):
        self.behind, self.allowance, self.cuts = behind, None, 0
        self.open, self.lock = set(), threading.Lock()
        self.server = socket.create_server(("127.0.0.1", port), backlog=128)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.server.accept()
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def cut(self):
        """Ends every connection that is open."""
        with self.lock:
            ends = list(self.open)
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.cuts += len(ends) // 2

    def limit(self, allowance):
        """New connections end after so many bytes; None for never."""
        self.allowance = allowance

    def carry(self, client):
        left = self.allowance
        try:
            relay = socket.create_connection(("127.0.0.1", self.behind), 10)
        except OSError:
            client.close()
            return
        ends = {client: relay, relay: client}
        with self.lock:
            self.open |= set(ends)
        try:
            with selectors.DefaultSelector() as waiting:
                for end in ends:
                    waiting.register(end, selectors.EVENT_READ)
                while True:
                    for key, _ in waiting.select():
                        data = key.fileobj.recv(65_536)
                        if left is not None:
                            data, left = data[:left], max(0, left - len(data))
                        if not data:
                            self.cuts += left is not None and left <= 0
                            return
                        ends[key.fileobj].sendall(data)
        except OSError:
            pass
        finally:
            with self.lock:
                self.open -= set(ends)
            for end in ends:
                end.close()
