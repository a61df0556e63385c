"""A small SMTP server that keeps what it gets, and can be told to misbehave."""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Event, Thread

import pytest


class MailServer(socketserver.ThreadingTCPServer):
    """`refused`: addresses it does not know. `busy`: it turns every sender away. `may_answer`: cleared, it takes an
    e-mail and does not say so."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.received: list[EmailMessage] = []
        self.refused: set[str] = set()
        self.is_busy = False
        self.connections = 0
        self.may_answer = Event()
        self.may_answer.set()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def subjects(self) -> list[str]:
        return [email["Subject"] for email in self.received]


class _Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.server.connections += 1
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "DATA":
                self._take()
            elif verb == "RCPT" and line.partition("<")[2].partition(">")[0] in self.server.refused:
                self._say("550 nobody of that name: " + line)
            elif verb == "MAIL" and self.server.is_busy:
                self._say("451 come back later")
            else:
                self._say("221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                return

    def _take(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        self.server.received.append(message_from_bytes(b"".join(lines), policy=policy.default))
        self.server.may_answer.wait(30)
        self._say("250 taken")

    def _say(self, answer: str) -> None:
        self.wfile.write(f"{answer}\r\n".encode())


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.may_answer.set()
        server.shutdown()


@pytest.fixture
def mail_server(settings) -> Iterator[MailServer]:
    """A mail server, and the portal set up to send through it."""
    with running_mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.DEFAULT_FROM_EMAIL = "portal@yuzhong.example"
        settings.PORTAL_URL = "https://portal.example"
        yield server
