"""The databases of the tests themselves."""

import sqlalchemy as sa

from tests import databases


def tables(database_url: str) -> set[str]:
    engine = sa.create_engine(database_url)
    try:
        return set(sa.inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_a_fresh_database_is_migrated_and_knows_nothing_of_another(database_url: str) -> None:
    kind = sa.make_url(database_url).get_backend_name()
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE only_here (n INTEGER)"))
    engine.dispose()

    with databases.fresh(kind) as another:
        others = tables(another)

    assert "alembic_version" in others
    assert tables(database_url) - others == {"only_here"}
