//! Real stacks, cut stacks, random stacks; libraries that come and go; files that are gone or broken.

mod broken;
mod capture;
mod compiled;
mod files;
mod speed;
mod stacks;
