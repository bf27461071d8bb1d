//! The simulator: models and checkers of what a cluster must do, and random work for it.

pub mod model;
