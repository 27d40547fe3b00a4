"""Who may do what in MLflow."""

ADMIN = "admin"
"""People. The administrator may make further users, which stay."""

GRANTS = {
    "train": {"experiment": "EDIT"},
    "eval": {"experiment": "READ", "registered_model": "EDIT"},
}
"""What each tier may do with every resource of a type, by MLflow's names; all else is denied.

Any user of MLflow may make experiments and registered models, and manages those that it made. Trainers have experiments
of their own, and the evaluator one for the files of the versions that it registers.
"""

PASSWORD_VARIABLES = {user: f"PASSWORD_{user.upper()}" for user in (ADMIN, *GRANTS)}
"""Environment variables with the users' passwords."""
