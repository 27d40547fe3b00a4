"""Who may do what in MLflow."""

ADMIN = "admin"
"""People. The administrator may make further users, which stay."""

GRANTS = {
    "train": {"experiment": "EDIT"},
    "eval": {"experiment": "READ"},
}
"""What each tier may do with every resource of a type, by MLflow's names; all else is denied.

A trainer may also make an experiment, as any user of MLflow may, and manages those that it made.
"""

PASSWORD_VARIABLES = {user: f"PASSWORD_{user.upper()}" for user in (ADMIN, *GRANTS)}
"""Environment variables with the users' passwords."""
