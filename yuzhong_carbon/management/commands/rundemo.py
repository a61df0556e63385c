"""Run the whole portal on this machine for a look: broker, Celery worker with beat, web, demo district."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from errno import EADDRINUSE
from pathlib import Path

import redis
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connections

from yuzhong_carbon.children import start_child, stop_children
from yuzhong_carbon.local_redis import ONCE, NoRedisProgram, start_private_redis

LOG_DIR = settings.VAR_DIR / "log"
ANSWER_SECONDS = 60
STOP_SECONDS = 6
EVERYWHERE = "0.0.0.0"  # noqa: S104
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

WORKER = (sys.executable, "-m", "celery", "--app", "yuzhong_carbon", "worker", "--loglevel", "INFO")
WORKER += ("--beat", "--concurrency", "2", "--without-gossip", "--without-mingle")
WEB = (sys.executable, "-m", "gunicorn", "yuzhong_carbon.wsgi", "--preload", "--access-logfile", "-")
WEB += ("--worker-class", "gthread", "--workers", "2", "--threads", "4")


class Command(BaseCommand):
    help = (
        "在本机运行带演示数据的平台（网页、任务进程、消息服务），地址取自 HOST 和 PORT，默认 127.0.0.1:8000。"
    )
    requires_system_checks = ()

    def handle(self, **options) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("演示账号的口令是公开的，生产环境（DJANGO_ENV=production）不能运行。")
        self.run(*address_to_listen_on(os.environ))

    def run(self, host: str, port: int) -> None:
        """Start the parts in order, say where they are, and end them all when told to or when one fails."""
        # What is printed here is waited for, also by those who read it through a pipe.
        sys.stdout.reconfigure(line_buffering=True)
        end_on(STOP_SIGNALS)
        parts = Parts()
        try:
            parts.start_broker(os.environ.get("REDIS_URL"))
            self.prepare()
            parts.start("worker", WORKER)
            parts.start("web", (*WEB, "--bind", f"{host}:{port}"))
            parts.wait_for_answer(host, port)
            self.tell_the_way(host, port)
            parts.watch()
        except KeyboardInterrupt:
            self.stdout.write("\n正在停止……")
        finally:
            parts.stop()

    def prepare(self) -> None:
        """Bring database and assets up to date; on a second start next to nothing is left to do."""
        self.stdout.write("正在准备数据库，首次约需一分钟……")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("load_factors", stdout=self.stdout)
        call_command("seed_demo", if_empty=True, stdout=self.stdout)
        if not assets_are_collected():
            call_command("collectstatic", interactive=False, verbosity=0)
        connections.close_all()

    def tell_the_way(self, host: str, port: int) -> None:
        """Print where the portal, its accounts, its data and its logs are."""
        call_command("seed_demo", accounts=True, stdout=self.stdout)
        self.stdout.write(f"数据：{settings.VAR_DIR}    日志：{LOG_DIR}")
        self.stdout.write(self.style.SUCCESS(f"平台已启动：http://{host}:{port}/ ，按 Ctrl-C 停止。"))


class Parts:
    """The processes of the running portal: none of them is left behind, whichever of them fails."""

    def __init__(self) -> None:
        LOG_DIR.mkdir(parents=True, exist_ok=True)
        self.broker = None
        self.running: dict[str, subprocess.Popen] = {}

    def start_broker(self, url: str | None) -> None:
        """Use the broker at `url`, or start one of our own."""
        if url:
            check_broker(url)
            return
        try:
            self.broker = start_private_redis(LOG_DIR)
        except NoRedisProgram as refusal:
            raise CommandError(
                f"没有可用的消息服务（{refusal}）。请安装 Redis"
                "（Debian、Ubuntu：apt-get install redis-server），或设置 REDIS_URL。"
            ) from refusal
        # The first is for the parts, the second for this process, whose settings are read already.
        os.environ["REDIS_URL"] = os.environ["CELERY_BROKER_URL"] = self.broker.url

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start one part, its output in a log file of its name."""
        with log_file(name).open("wb") as log:
            self.running[name] = start_child(command, log=log, cwd=settings.BASE_DIR)

    def wait_for_answer(self, host: str, port: int) -> None:
        """Wait until the web server says that it is well."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while not is_well(host, port):
            self.check()
            if time.monotonic() > deadline:
                raise CommandError(f"{ANSWER_SECONDS} 秒内 /healthz 没有应答。\n{last_lines('web')}")
            time.sleep(0.1)

    def watch(self) -> None:
        """Return never; raise when a part has ended by itself."""
        while True:
            self.check()
            time.sleep(0.5)

    def check(self) -> None:
        """Raise when a part has ended by itself."""
        for name, part in self.running.items():
            if part.poll() is not None:
                raise CommandError(f"{name} 进程意外结束，退出码 {part.returncode}。\n{last_lines(name)}")
        if self.broker and self.broker.child.poll() is not None:
            raise CommandError("消息服务意外结束。已通过的月份都已保存，重新运行 make demo 后指标会补算。")

    def stop(self) -> None:
        """End every part, the broker last so that the worker can say goodbye to it."""
        for stop_signal in STOP_SIGNALS:
            signal.signal(stop_signal, signal.SIG_IGN)
        stop_children(self.running.values(), patience_seconds=STOP_SECONDS)
        if self.broker:
            self.broker.stop()


def end_on(stop_signals: Iterable[int]) -> None:
    """Raise KeyboardInterrupt on these signals; a hang-up that nohup has us ignore stays ignored."""
    for stop_signal in stop_signals:
        if stop_signal != signal.SIGHUP or signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(stop_signal, signal.default_int_handler)


def address_to_listen_on(environment: Mapping[str, str]) -> tuple[str, int]:
    """Return host and port from HOST and PORT, once sure that nobody else listens there."""
    host, port = environment.get("HOST") or "127.0.0.1", environment.get("PORT") or "8000"
    if not (port.isdecimal() and 1 <= int(port) <= 65535):
        raise CommandError(f"PORT 应为 1 到 65535 的整数，现为 {port}。")
    with socket.socket() as probe:
        # As the web server does: a port is free although connections of its last owner linger.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as refusal:
            if refusal.errno == EADDRINUSE:
                raise CommandError(f"端口 {port} 已被占用，请换一个，例如：make demo PORT=8001") from None
            raise CommandError(f"无法监听 HOST={host}、PORT={port}：{refusal.strerror}。") from None
    return host, int(port)


def check_broker(url: str) -> None:
    """Raise when no Redis answers at the given address."""
    try:
        with redis.Redis.from_url(url, socket_timeout=2, retry=ONCE) as client:
            client.ping()
    except (ValueError, redis.RedisError) as refusal:
        raise CommandError(
            f"REDIS_URL 处没有 Redis 应答（{refusal}）。不设 REDIS_URL 时，演示会自行启动一个。"
        ) from refusal


def is_well(host: str, port: int) -> bool:
    """Ask /healthz."""
    connection = http.client.HTTPConnection("127.0.0.1" if host == EVERYWHERE else host, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def assets_are_collected() -> bool:
    """Tell whether STATIC_ROOT holds every asset as it is now."""
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not manifest.exists():
        return False
    # The time of the last change of any kind: a file that is moved here keeps its older time of writing.
    return manifest.stat().st_mtime > max((path.stat().st_ctime for path in asset_sources()), default=0)


def asset_sources() -> Iterator[Path]:
    """Yield every file that collectstatic would collect."""
    for finder in get_finders():
        for name, storage in finder.list([]):
            yield Path(storage.path(name))


def log_file(part: str) -> Path:
    """Return where the output of a part goes."""
    return LOG_DIR / f"{part}.log"


def last_lines(part: str) -> str:
    """Return the end of a part's log, and where the rest is."""
    path = log_file(part)
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return "\n".join([*lines[-15:], f"（全文：{path}）"])
