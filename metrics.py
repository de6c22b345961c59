"""What is counted for whoever watches the service, in Prometheus's terms; handlers/metrics.py shows it."""

import os
import resource
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()


class Messages(Collector):
    """The messages by their author's role, as plain figures: a Counter's lock took a twentieth of a message's time."""

    def __init__(self) -> None:
        self.counts = {False: 0, True: 0}  # by whether they are from the support

    def collect(self) -> Iterable[CounterMetricFamily]:
        family = CounterMetricFamily("chat_messages", "Messages that were stored", labels=["role"])
        family.add_metric(["customer"], self.counts[False])
        family.add_metric(["operator"], self.counts[True])
        return [family]


MESSAGES = Messages()
REGISTRY.register(MESSAGES)

CONNECTIONS = Gauge("chat_connections", "Open connections", ["role"], registry=REGISTRY)
ERRORS = Counter("chat_errors", "Frames that were answered with an error", ["code"], registry=REGISTRY)
LOG_INS = Counter("chat_log_ins", "Log-ins", ["outcome"], registry=REGISTRY)
GROUP_SIZE = Histogram(
    "chat_group_size", "Changes in one commit", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), registry=REGISTRY
)
GROUP_SECONDS = Histogram(
    "chat_group_seconds", "From a group's first statement to the end of its commit", registry=REGISTRY
)
WRITES_WAITING = Gauge("chat_writes_waiting", "Changes that wait for a commit", registry=REGISTRY)
DATABASE_UP = Gauge("chat_database_up", "Whether the database answers", registry=REGISTRY)
WAITING = Gauge("chat_waiting_conversations", "Conversations that wait for an answer", registry=REGISTRY)
LONGEST_WAIT = Gauge("chat_longest_wait_seconds", "The longest of their waits", registry=REGISTRY)

# The library's own collector is silent where, as in deploy/chat.service, the rest of /proc is hidden.
OPEN_FILES = Gauge("chat_open_files", "Files that are open, a connection being one", registry=REGISTRY)
OPEN_FILES.set_function(lambda: len(os.listdir("/proc/self/fd")))
MOST_FILES = Gauge("chat_most_files", "Files that may be open at once", registry=REGISTRY)
MOST_FILES.set_function(lambda: resource.getrlimit(resource.RLIMIT_NOFILE)[0])
