"""Lambda's entry points: wiring only."""

from chalice.app import Chalice

from chalicelib import cold_start
from chalicelib.entrypoints.health import health
from chalicelib.entrypoints.pages import pages
from chalicelib.entrypoints.partners import partners
from chalicelib.entrypoints.queues import queues
from chalicelib.entrypoints.schedules import schedules
from chalicelib.entrypoints.wechat import wechat

app = Chalice(app_name="xixinban", configure_logs=False)  # its handler would print unscrubbed lines beside ours
app.api.binary_types = []  # files are marked one by one (entrypoints.pages); a list would turn text/xml into base64

for blueprint in (health, wechat, pages, partners, queues, schedules):
    app.register_blueprint(blueprint)

cold_start.over()
