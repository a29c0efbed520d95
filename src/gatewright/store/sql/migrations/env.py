"""Runs the migrations on the connection it was given, within the transaction that holds the lock.

Alembic executes this file by its path; nothing may import it.
"""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
