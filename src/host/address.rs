//! Where a request comes from, as limits count it.
//!
//! Knows addresses of the network; must never be traced.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The octets of an IPv6 address that are one network: who has one has all 2⁶⁴ of them.
const NETWORK_OCTETS: usize = 8;

/// An address, as one client has it: of IPv6 the network.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address(IpAddr);

impl Address {
    /// The address of a peer.
    #[must_use]
    pub fn of(peer: IpAddr) -> Address {
        match peer.to_canonical() {
            IpAddr::V4(four) => Address(IpAddr::V4(four)),
            IpAddr::V6(six) => {
                let mut octets = six.octets();
                octets[NETWORK_OCTETS..].fill(0);
                Address(IpAddr::V6(Ipv6Addr::from(octets)))
            }
        }
    }
}

/// The connections of each address; a copy has the same ones.
#[derive(Clone)]
pub struct Connections {
    /// How many each address has; those with none are left out.
    open: Arc<Mutex<HashMap<Address, usize>>>,
    of_address_max: usize,
}

/// A connection's place among those of its address; it is given back when dropped.
pub struct Connected {
    connections: Connections,
    address: Address,
}

impl Connections {
    /// No connections, of which one address may have so many.
    #[must_use]
    pub fn new(of_address_max: usize) -> Connections {
        Connections { open: Arc::default(), of_address_max }
    }

    /// Takes a place; `None` when the address has as many as it may.
    #[must_use]
    pub fn take(&self, address: Address) -> Option<Connected> {
        let mut open = self.open();
        let own = open.entry(address).or_default();
        if *own >= self.of_address_max {
            return None;
        }
        *own += 1;
        Some(Connected { connections: self.clone(), address })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Address, usize>> {
        // Each change is one step: a panic cannot leave half of it.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        if let Some(own) = open.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Address {
        Address::of(text.parse().expect("an address"))
    }

    #[test]
    fn a_network_of_ipv6_is_one_client_and_an_address_of_ipv4_is_itself() {
        assert!(of("2001:db8:1:2:3::4") == of("2001:db8:1:2:ffff::"));
        assert!(of("2001:db8:1:2::1") != of("2001:db8:1:3::1"));
        assert!(of("::ffff:192.0.2.1") == of("192.0.2.1"));
        assert!(of("192.0.2.1") != of("192.0.2.2"));
    }

    #[test]
    fn one_address_has_so_many_connections_and_gives_each_back() {
        let connections = Connections::new(2);
        let first = connections.take(of("192.0.2.1"));
        let second = connections.take(of("192.0.2.1"));
        assert!(first.is_some() && second.is_some(), "there are two places");
        assert!(connections.take(of("192.0.2.1")).is_none(), "a third has none");
        assert!(connections.take(of("192.0.2.2")).is_some(), "another address has its own");
        drop(first);
        assert!(connections.take(of("192.0.2.1")).is_some(), "it was given back");
        drop(second);
        assert!(connections.open().is_empty(), "nothing is kept of who left");
    }
}
