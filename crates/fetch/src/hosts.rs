//! At most so many requests at once to one host.
//!
//! A visit is the right to one request. It is handed back when it is dropped. A redirect to another host exchanges it. A wait
//! before a retry keeps it, so that a host that asked for patience gets it.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::fault::Fault;

/// How often a waiting thread looks whether it should stop.
pub(crate) const GLANCE: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) struct Hosts {
    limit: usize,
    busy: Mutex<HashMap<String, usize>>,
    left: Condvar,
    /// How long requests have waited, in all, because their host asked for it.
    waited: Mutex<HashMap<String, Duration>>,
}

impl Hosts {
    /// Lets `limit` (at least one) requests at once run on every host.
    pub fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), busy: Mutex::default(), left: Condvar::new(), waited: Mutex::default() }
    }

    /// The right to a request to `host`, if one is free.
    pub fn try_enter(self: &Arc<Self>, host: &str) -> Option<Visit> {
        let mut busy = self.busy.lock().expect("no thread panics while it counts");
        let count = busy.entry(host.to_owned()).or_default();
        (*count < self.limit).then(|| {
            *count += 1;
            Visit { hosts: Arc::clone(self), host: host.to_owned() }
        })
    }

    /// Waits for the right to a request to `host`.
    pub fn enter(self: &Arc<Self>, host: &str, stop: &dyn Fn() -> bool) -> Result<Visit, Fault> {
        loop {
            if let Some(visit) = self.try_enter(host) {
                return Ok(visit);
            }
            if stop() {
                return Err(Fault::Stopped);
            }
            self.wait_for_change();
        }
    }

    /// Counts a wait that `host` asks for; false where its requests would wait longer than `most` in all.
    pub fn grant_wait(&self, host: &str, wait: Duration, most: Duration) -> bool {
        let mut waited = self.waited.lock().expect("no thread panics while it counts");
        let sum = waited.entry(host.to_owned()).or_default();
        let is_granted = *sum + wait <= most;
        if is_granted {
            *sum += wait;
        }
        is_granted
    }

    /// Returns when a visit has ended, or after a short while.
    pub fn wait_for_change(&self) {
        let busy = self.busy.lock().expect("no thread panics while it counts");
        // What woke the thread does not matter: the caller looks again.
        let _ = self.left.wait_timeout(busy, GLANCE);
    }
}

/// The right to one request to a host.
#[derive(Debug)]
pub(crate) struct Visit {
    hosts: Arc<Hosts>,
    host: String,
}

impl Visit {
    /// Changes to another host. The old right is given up first: no two visits can wait for each other.
    pub fn move_to(self, host: &str, stop: &dyn Fn() -> bool) -> Result<Self, Fault> {
        if self.host == host {
            return Ok(self);
        }
        let hosts = Arc::clone(&self.hosts);
        drop(self);
        hosts.enter(host, stop)
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Ok(mut busy) = self.hosts.busy.lock()
            && let Some(count) = busy.get_mut(&self.host)
        {
            *count -= 1;
        }
        self.hosts.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_entered_as_often_as_the_limit_says_and_again_after_leaving() {
        let hosts = Arc::new(Hosts::new(2));
        let first = hosts.try_enter("a").unwrap();
        let _second = hosts.try_enter("a").unwrap();
        assert!(hosts.try_enter("a").is_none());
        assert!(hosts.try_enter("b").is_some());
        drop(first);
        assert!(hosts.try_enter("a").is_some());
    }

    #[test]
    fn the_waits_that_a_host_asks_for_are_granted_up_to_a_sum() {
        let hosts = Hosts::new(1);
        let granted = |host, seconds| hosts.grant_wait(host, Duration::from_secs(seconds), Duration::from_secs(10));
        assert!(granted("a", 6));
        assert!(!granted("a", 5));
        assert!(granted("a", 4));
        assert!(!granted("a", 1));
        assert!(granted("b", 10));
    }

    #[test]
    fn a_visit_that_moves_frees_its_old_host() {
        let hosts = Arc::new(Hosts::new(1));
        let visit = hosts.try_enter("a").unwrap().move_to("b", &|| false).unwrap();
        assert!(hosts.try_enter("a").is_some());
        assert!(hosts.try_enter("b").is_none());
        drop(visit);
    }

    #[test]
    fn waiting_for_a_host_ends_when_asked_to_stop() {
        let hosts = Arc::new(Hosts::new(1));
        let _visit = hosts.try_enter("a").unwrap();
        assert!(matches!(hosts.enter("a", &|| true), Err(Fault::Stopped)));
    }
}
