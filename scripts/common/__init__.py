"""What all commands share: settings, errors, messages, and the way to AWS."""
