import * as pulumi from "@pulumi/pulumi";
import { fltsOutputs } from "../outputs/readOutputs";

/*
 * A program of another team, which asks for forecasts and reads runs. It gets addresses and the names of Secrets: with
 * the right to read those in the namespace it gets credentials, and with the outputs alone it does not.
 */
const flts = fltsOutputs(new pulumi.StackReference(new pulumi.Config().require("stack")));

/** Where pods of the cluster send `POST /predict`. */
export const predictUrl = flts.endpoints.apply(({ inference }) => inference && `${inference}/predict`);

/** Environment of a pod that reads runs and models, and logs in as a user that MLflow's administrator made for it. */
export const mlflowEnvironment = flts.endpoints.apply(({ mlflow }) => ({ MLFLOW_TRACKING_URI: mlflow }));

/** Where to look for the Secrets, and which there are. */
export const secrets = flts.apply(({ namespace, secrets: names }) => ({ namespace, names }));
