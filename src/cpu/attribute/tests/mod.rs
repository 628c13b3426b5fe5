//! Samples and waits find their operations.

mod cases;
mod costs;
mod properties;
mod world;
