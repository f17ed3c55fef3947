//! Listening, connections, and the end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use silknow_image_retrieval::{Error, Observer, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tower::ServiceExt;

use crate::app::App;
use crate::guard::Peer;
use crate::openapi;
use crate::routes::router;
use crate::settings::Settings;

/// The longest time for the head of a request, and between two requests of a connection.
const HEAD_WITHIN: Duration = Duration::from_secs(15);

/// How often it is looked whether the work should stop.
const GLANCE: Duration = Duration::from_millis(100);

/// How often it is looked whether an index has changed.
const LOOK: Duration = Duration::from_secs(2);

/// How long running requests may take to end.
const END_WITHIN: Duration = Duration::from_secs(4);

/// Threads that decode and search, for each processor. Some of them wait for memory or for a disk.
const THREADS_PER_PROCESSOR: usize = 4;

/// A server that has read its indexes and listens.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Reads the indexes and their models, and listens.
    ///
    /// # Errors
    /// Indexes or models that cannot be read; an address that cannot be listened on.
    pub fn open(settings: Settings) -> Result<Self> {
        let address = SocketAddr::new(settings.host, settings.port);
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let runtime = Builder::new_multi_thread()
            .worker_threads(processors)
            .max_blocking_threads(processors * THREADS_PER_PROCESSOR)
            .thread_name("serve")
            .enable_io()
            .enable_time()
            .build()
            .map_err(|cause| Error::io("the system starts no further thread").caused_by(cause))?;
        let app = Arc::new(App::open(settings)?);
        let refused = |cause| {
            Error::io(format!("cannot listen on {address}"))
                .caused_by(cause)
                .hint("another program may use the port: choose another one with --port")
        };
        let listener = runtime.block_on(TcpListener::bind(address)).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { app, runtime, listener, address })
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the observer is interrupted. Requests that run then are answered, as far as they take a few seconds. Whenever
    /// `reload` is set, all indexes are read anew; those whose files change are read anew by themselves.
    ///
    /// # Errors
    /// None so far; what fails is answered and logged.
    pub fn run(self, observer: &dyn Observer, reload: &AtomicBool) -> Result<()> {
        let Self { app, runtime, listener, .. } = self;
        let router = router(&app, openapi::document().to_string());
        runtime.block_on(async {
            let connections = GracefulShutdown::new();
            let places = Arc::new(Semaphore::new(app.limits.connections));
            let watching = tokio::spawn(watch_indexes(Arc::clone(&app)));
            let mut glance = tokio::time::interval(GLANCE);
            loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, peer)) => attend(stream, peer, &router, &places, &connections),
                        Err(cause) => {
                            // The system has no descriptor left, say: it may have one soon.
                            tracing::warn!(%cause, "a connection was not accepted");
                            tokio::time::sleep(GLANCE).await;
                        }
                    },
                    _ = glance.tick() => {
                        if observer.interrupted() {
                            break;
                        }
                        if reload.swap(false, Ordering::Relaxed) {
                            let app = Arc::clone(&app);
                            drop(tokio::task::spawn_blocking(move || app.holdings.reload_all()));
                        }
                    }
                }
            }
            app.ends.store(true, Ordering::Relaxed);
            watching.abort();
            drop(listener);
            if tokio::time::timeout(END_WITHIN, connections.shutdown()).await.is_err() {
                tracing::warn!("requests that took too long were given up");
            }
        });
        // Work that was given up is not waited for.
        runtime.shutdown_background();
        Ok(())
    }
}

/// Reads indexes anew when their files change.
async fn watch_indexes(app: Arc<App>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let app = Arc::clone(&app);
        // A fault in it is logged where it happens; the next look comes anyway.
        let _ = tokio::task::spawn_blocking(move || app.holdings.look()).await;
    }
}

/// Serves a connection. Beyond the limit of connections it is closed.
fn attend(
    stream: TcpStream,
    peer: SocketAddr,
    router: &Router,
    places: &Arc<Semaphore>,
    connections: &GracefulShutdown,
) {
    let Ok(place) = Arc::clone(places).try_acquire_owned() else { return };
    // Answers are small; without it the last part of one may wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let router = router.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        let router = router.clone();
        async move {
            let answered: std::result::Result<_, Infallible> = router.oneshot(request.map(Body::new)).await;
            answered
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        // A client that goes away or sends nonsense is no fault of the server.
        if let Err(cause) = connection.await {
            tracing::debug!(%cause, "a connection ended early");
        }
        drop(place);
    });
}
