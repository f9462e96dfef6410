"""`holdfast serve` with its port and its API, for tests of commands that talk to it."""

from pathlib import Path

from tests.cli.running import Answer, Done, Running, environment, get, holdfast

ANY_PORTS = ("--port", "0", "--api-port", "0")


class Served(Running):
    """`holdfast serve` on free ports."""

    def __init__(self, *arguments: str | Path, folder: Path, **env: str) -> None:
        super().__init__("serve", *ANY_PORTS, *arguments, folder=folder, env=environment(**env))
        self.port = self.line(r"^Workers: http://<script>\.localhost:(\d+)/$")[1]
        self.api = self.line(r"^API: +(http://127\.0\.0\.1:\d+)/client/v4$")[1]
        self._folder = folder

    def ask(self, script: str, path: str = "/") -> Answer:
        return get(f"http://127.0.0.1:{self.port}{path}", host=f"{script}.localhost:{self.port}")

    def tell(self, *arguments: str | Path, **env: str) -> Done:
        """A command against this server's API."""
        env = {"HOLDFAST_API_URL": self.api, **env}
        return holdfast(*arguments, folder=self._folder, env=environment(**env))
