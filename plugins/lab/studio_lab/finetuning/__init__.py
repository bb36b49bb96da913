"""Fine-tuning: how a model that is finished already learns something more."""
