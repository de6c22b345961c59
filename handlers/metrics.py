"""MetricsHandler: GET /metrics on a port of its own, for Prometheus."""

import time

import tornado.web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

import metrics
from db import Database, Unavailable, conversations
from handlers.websocket import WebSocketHandler


class MetricsHandler(tornado.web.RequestHandler):
    async def get(self) -> None:
        """What is counted, and what is so now. Where the database is away, the waits keep what they were."""
        database: Database = self.settings["database"]
        operators = len(WebSocketHandler.operators)
        customers = len(WebSocketHandler.open_handlers) - operators
        metrics.CONNECTIONS.labels("operator").set(operators)
        metrics.CONNECTIONS.labels("customer").set(customers)
        metrics.CONNECTIONS.labels("none").set(len(WebSocketHandler.connections) - operators - customers)
        metrics.WRITES_WAITING.set(database.writes_waiting)
        try:
            count, oldest = await database.read(conversations.find_waits)
        except Unavailable:
            metrics.DATABASE_UP.set(0)
        else:
            metrics.DATABASE_UP.set(1)
            metrics.WAITING.set(count)
            metrics.LONGEST_WAIT.set(max(0, time.time() - oldest) if oldest else 0)
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(generate_latest(metrics.REGISTRY))


def make_metrics_app(database: Database) -> tornado.web.Application:
    return tornado.web.Application([(r"/metrics", MetricsHandler)], database=database, log_function=lambda _: None)
