"""A stand-in for the WeChat platform (微信公众平台) and for the phones of its users.

It can be run alone (``python -m simulator``), mounted in another HTTP server under ``/simulator``
(``Simulator.handle``), or driven from tests (``Simulator.phone`` in the process, ``simulator.client`` over HTTP).
It imports nothing of the product: its reading of the platform's rules is a second opinion on ours.

- ``platform/``  the API that an account calls: tokens, messages, menu, users, QR codes, OAuth
- ``inbound/``   what the platform pushes to the account's callback, and how it takes the answer
- ``page/``      the phone-like page, and the page for developers
- ``phone.py``   what a user can do; ``state.py`` the SQLite file; ``faults.py`` scenarios of misbehaviour
"""

from simulator.config import Config
from simulator.http import Request, Response
from simulator.simulator import Simulator

__all__ = ["Config", "Request", "Response", "Simulator"]
