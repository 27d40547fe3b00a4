"""Users of MLflow's basic-auth app, as the stack's Secrets have them: made before each start of the server."""
