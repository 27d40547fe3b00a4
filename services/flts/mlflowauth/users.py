"""Users of MLflow's basic-auth app.

MLflow has no command for this, and its REST API needs the administrator's password before a rotation; so the users
are written by the classes that the pinned server itself uses (`mlflow.server.auth`, version 3.17).
"""

from mlflow.server.auth.config import read_auth_config
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import create_engine, text

from flts.mlflowauth.grants import ADMIN, GRANTS


def prepare(passwords: dict[str, str]) -> None:
    """Make the stack's users in the database that MLflow's configuration names, with these passwords by user name.

    Users that exist get the password, so that a rotation needs no more than a restart. Others are left as they are.
    """
    uri = read_auth_config().database_uri
    _make_schema(uri)
    store = SqlAlchemyStore()
    store.init_db(uri)
    for user, password in passwords.items():
        if store.has_user(user):
            store.update_user(user, password=password, is_admin=user == ADMIN)
        else:
            store.create_user(user, password, is_admin=user == ADMIN)
        for resource_type, permission in GRANTS.get(user, {}).items():
            store.grant_user_permission(user, resource_type, "*", permission)


def _make_schema(uri: str) -> None:
    """Make the schema that the connection looks into, where the database has such."""
    engine = create_engine(uri)
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            name = connection.execute(text("SHOW search_path")).scalar_one()
            connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{name}"'))
    engine.dispose()
