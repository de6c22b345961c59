"""The routes."""

from handlers.auth import AuthHandler
from handlers.health import HealthHandler
from handlers.pages import FileHandler, PageHandler, WidgetHandler
from handlers.websocket import WebSocketHandler

ROUTES = [
    (r"/v1/auth/", AuthHandler),
    (r"/v1/ws/", WebSocketHandler),
    (r"/healthz", HealthHandler),
    (r"/", PageHandler),
    (r"/operator", PageHandler),
    (r"/widget\.js", WidgetHandler),
    (r"/web/(.+)", FileHandler),
]
