"""Many conversations and messages, straight into the database. Connections that are open are not told of them."""

from db import drafts, users
from db.drafts import Draft
from db.users import User
from manage.database import transaction
from tests.conftest import PASSWORD_HASH, PEOPLE


def add_people(url: str) -> dict[str, int]:
    """Make the database with the users of the tests. Returns their ids."""
    with transaction(url, creates=True) as connection:
        return {name: users.add(connection, name, PASSWORD_HASH, is_admin=role) for name, role in PEOPLE.items()}


def add_conversations(url: str, number: int) -> list[int]:
    """New customers, "customer 0001" and so on, with a question each that waits. Returns their ids."""
    with transaction(url) as connection:
        ids = []
        for n in range(1, number + 1):
            name = f"customer {n:04}"
            user_id = users.add(connection, name, PASSWORD_HASH, is_admin=False)
            drafts.add(connection, Draft(User(user_id, name, "", None, False), user_id, f"Question {n} of many"))
            ids.append(user_id)
    return ids


def add_messages(url: str, name: str, number: int, operator: str = "olga") -> list[int]:
    """Messages of the customer `name`, "Message 1" and so on; every second one is the operator's. Returns their ids."""
    with transaction(url) as connection:
        customer, answering = users.find_by_name(connection, name), users.find_by_name(connection, operator)
        assert customer
        assert answering
        ids = []
        for n in range(1, number + 1):
            author = customer if n % 2 else answering
            added = drafts.add(connection, Draft(author, customer.id, f"Message {n}"))
            ids.append(added.message.message_id)
    return ids
