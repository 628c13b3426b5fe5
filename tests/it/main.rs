//! The integration tests, one module a topic.
mod files;
mod settings;
mod tidy;
