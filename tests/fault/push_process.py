"""One process of the fault run: ``python -m tests.fault.push_process ROLE FOLDER``.

``simulator`` the platform, ``callback`` our web server for its receipts, ``place`` the job that puts the notices into
the ledger, ``work`` the queue consumers. All but the simulator may be killed at any moment.
"""

from __future__ import annotations

import sys
import threading

from chalicelib import bootstrap, logs
from simulator.faults import parse_scenario
from simulator.http import Server
from simulator.simulator import Simulator
from tests.fault.push_scene import Scene, scenario

HOST = "127.0.0.1"


def simulate(scene: Scene) -> None:
    import json

    simulator = Simulator(scene.config())
    simulator.world.faults.replace(parse_scenario(json.dumps(scenario(scene.notices))))
    with simulator, Server(HOST, scene.simulator_port, simulator.answer) as server:
        server.serve_forever()


def answer(scene: Scene) -> None:
    from app import app
    from jobs.embedded.server import make_server

    bootstrap.install(scene.application())
    make_server(app, HOST, scene.callback_port, None).server.serve_forever()


def place(scene: Scene) -> None:
    application = scene.application()
    application.notices.place(scene.planned(), application.clock.now())


def work(scene: Scene) -> None:
    from app import app
    from jobs.embedded.worker import consumers

    application = scene.application()
    bootstrap.install(application)
    threads = consumers(app, application.queue, threading.Event())
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


ROLES = {"simulator": simulate, "callback": answer, "place": place, "work": work}


def main(role: str, folder: str) -> None:
    scene = Scene.load(folder)
    logs.configure(scene.settings().log_level, sys.stderr)
    ROLES[role](scene)


if __name__ == "__main__":
    main(*sys.argv[1:])
