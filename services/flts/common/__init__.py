"""What all workloads share: settings, logs, messages, objects and the feature transform."""
