//! How many requests compute at once, and how many of one client.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::fault::Fault;

/// Lets a number of requests compute or wait to compute.
#[derive(Debug)]
pub(crate) struct Queue {
    places: Arc<Semaphore>,
    size: usize,
}

/// A place in the queue. Work that goes on after its request was given up keeps a clone, and with it the place.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Queue {
    pub fn new(size: usize) -> Self {
        let size = size.clamp(1, Semaphore::MAX_PERMITS);
        Self { places: Arc::new(Semaphore::new(size)), size }
    }

    /// A place in the queue, where one is free.
    pub fn enter(&self) -> Result<Place, Fault> {
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Fault::busy())?;
        Ok(Place { _permit: Arc::new(permit) })
    }

    /// The number of places that are taken.
    pub fn taken(&self) -> usize {
        self.size - self.places.available_permits()
    }
}

/// Computes on a thread that may be kept busy.
pub(crate) async fn compute<T: Send + 'static>(
    place: &Place,
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let place = place.clone();
    let working = move || {
        let result = work();
        drop(place);
        result
    };
    tokio::task::spawn_blocking(working).await.map_err(Fault::internal)?
}

/// Clients that are remembered; those that have been silent longest are forgotten beyond that.
const MOST_CLIENTS: usize = 10_000;

/// How many seconds' worth of requests may come at once.
const BURST_S: f64 = 4.0;

/// Lets every client ask at a rate.
#[derive(Debug)]
pub(crate) struct Rates {
    per_second: f64,
    clients: Mutex<HashMap<Client, Allowance>>,
}

/// Whom requests are counted for: an address, and of IPv6 the network of one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Client([u8; 8]);

#[derive(Clone, Copy, Debug)]
struct Allowance {
    requests: f64,
    at: Instant,
}

impl Client {
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                Self([0, 0, 0, 0, a, b, c, d])
            }
            IpAddr::V6(address) => Self(address.octets()[..8].try_into().expect("an address has 16 bytes")),
        }
    }
}

impl Rates {
    pub fn new(per_second: f64) -> Self {
        Self { per_second, clients: Mutex::default() }
    }

    /// Counts a request.
    pub fn count(&self, client: Client, now: Instant) -> Result<(), Fault> {
        if self.per_second <= 0.0 {
            return Ok(());
        }
        let most = (self.per_second * BURST_S).max(1.0);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MOST_CLIENTS && !clients.contains_key(&client) {
            self.forget(&mut clients, now);
        }
        let allowance = clients.entry(client).or_insert(Allowance { requests: most, at: now });
        let since_s = now.saturating_duration_since(allowance.at).as_secs_f64();
        allowance.requests = (allowance.requests + since_s * self.per_second).min(most);
        allowance.at = now;
        if allowance.requests >= 1.0 {
            allowance.requests -= 1.0;
            return Ok(());
        }
        let wait_s = ((1.0 - allowance.requests) / self.per_second).ceil().max(1.0);
        Err(Fault::new(
            axum::http::StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "too many requests of one client",
        )
        .hint(format!("at most {} a second are answered", self.per_second))
        .retry_after(wait_s as u32))
    }

    /// Forgets the clients whose allowance is whole again, and where none is, all of them.
    fn forget(&self, clients: &mut HashMap<Client, Allowance>, now: Instant) {
        clients.retain(|_, allowance| now.saturating_duration_since(allowance.at).as_secs_f64() < BURST_S);
        if clients.len() >= MOST_CLIENTS {
            clients.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_client_has_its_burst_and_then_its_rate() {
        let rates = Rates::new(2.0);
        let (start, one, other) = (Instant::now(), Client::of([10, 0, 0, 1].into()), Client::of([10, 0, 0, 2].into()));
        let allowed = |client, after_ms| rates.count(client, start + Duration::from_millis(after_ms)).is_ok();
        assert!((0..8).all(|_| allowed(one, 0)));
        assert!(!allowed(one, 0));
        assert!(allowed(other, 0));
        assert!(!allowed(one, 400));
        assert!(allowed(one, 600));
        assert!(!allowed(one, 700));
        assert!(Rates::new(0.0).count(one, start).is_ok());
    }

    #[test]
    fn an_ipv6_customer_is_one_client_and_mapped_addresses_are_ipv4_ones() {
        let client = |text: &str| Client::of(text.parse().unwrap());
        assert_eq!(client("2001:db8:1:2::1"), client("2001:db8:1:2:ffff::9"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        assert_eq!(client("::ffff:10.0.0.1"), client("10.0.0.1"));
    }

    #[test]
    fn a_full_table_forgets_and_goes_on() {
        let rates = Rates::new(1.0);
        let now = Instant::now();
        for number in 0..(MOST_CLIENTS as u32 + 50) {
            assert!(rates.count(Client::of(std::net::Ipv4Addr::from(number).into()), now).is_ok());
        }
        assert!(rates.clients.lock().unwrap().len() <= MOST_CLIENTS);
    }

    #[tokio::test]
    async fn a_full_queue_sends_away_and_work_keeps_its_place() {
        let queue = Queue::new(1);
        let place = queue.enter().unwrap();
        assert_eq!(queue.enter().unwrap_err().status, axum::http::StatusCode::SERVICE_UNAVAILABLE);
        let taken = compute(&place, move || Ok(7)).await.unwrap();
        assert_eq!((taken, queue.taken()), (7, 1));
        drop(place);
        assert!(queue.enter().is_ok());
    }
}
