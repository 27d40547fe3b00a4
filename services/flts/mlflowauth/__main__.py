"""`python -m flts.mlflowauth`: bring the users' database up to its schema, and write the stack's users into it."""

import os

from flts.mlflowauth.grants import PASSWORD_VARIABLES
from flts.mlflowauth.users import prepare

if __name__ == "__main__":
    prepare({user: os.environ[variable] for user, variable in PASSWORD_VARIABLES.items()})
