//! The ports' numbered rules as cases that any adapter can run.
