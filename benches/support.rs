//! What benchmarks share. Knows the library's public items alone; must not know any one benchmark.

#![allow(dead_code)] // Each benchmark uses a part of it.

pub mod arguments;
pub mod bare;
pub mod child;
pub mod conditions;
pub mod desk;
pub mod facts;
pub mod figure;
pub mod folder;
pub mod latency;
pub mod mount;
pub mod open_loop;
pub mod past;
pub mod process;
pub mod runs;
pub mod sessions;
pub mod sizes;
pub mod store;
