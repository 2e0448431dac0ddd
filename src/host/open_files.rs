//! Open files: each connection is one, and the system allows a program few by itself.
//!
//! Knows the system's limit; must not know what is opened.

/// What is open besides connections: the log, the projections, the sockets of the runtime.
const OTHERS: u64 = 512;

/// Raises the limit of open files as far as so many connections need, and tells when the system does
/// not let it: connections beyond are not accepted then, and nothing else happens to them.
#[cfg(target_os = "linux")]
pub fn allow(connections: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = connections as u64 + OTHERS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let set = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum });
    if raised < wanted || set.is_err() {
        tracing::warn!(wanted, allowed = raised, "the system allows too few open files for every connection");
    }
}

/// Other systems are left as they are.
#[cfg(not(target_os = "linux"))]
pub fn allow(_connections: usize) {}
