"""The stand-alone run: ``python -m simulator --port 9000 --state FILE --callback http://127.0.0.1:8000/wechat …``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from simulator.config import MODES, PROFILES, Config
from simulator.faults import ScenarioError
from simulator.http import Server
from simulator.simulator import Simulator


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C. Returns 0; 2 when the scenario cannot be used."""
    options = _parser().parse_args(argv)
    config = Config(
        state_file=options.state,
        callback=options.callback,
        token=options.token,
        app_id=options.app_id,
        app_secret=options.app_secret,
        aes_key=options.aes_key,
        mode=options.mode,
        profile=options.profile,
        scenario=options.scenario,
        push_timeout=options.push_timeout,
    )
    try:
        simulator = Simulator(config)
    except ScenarioError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    with simulator, Server(options.host, options.port, simulator.answer) as server:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"simulator: http://{options.host}:{server.server_port}/simulator", flush=True)
        server.serve_forever()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="A stand-in for the WeChat platform.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one and prints it")
    parser.add_argument("--state", type=Path, required=True, help="SQLite file that keeps everything")
    parser.add_argument("--callback", required=True, help="address of the account's callback, such as …/wechat")
    for name in ("token", "app-id", "app-secret", "aes-key"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--mode", choices=MODES, default="safe", help="how pushes are packed (default: safe)")
    parser.add_argument("--profile", choices=PROFILES, default="service", help="sandbox is lenient like a 测试号")
    parser.add_argument("--scenario", type=Path, help="JSON file of faults; see simulator/faults.py")
    parser.add_argument("--push-timeout", type=float, default=5.0, help="seconds the callback has to answer")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
