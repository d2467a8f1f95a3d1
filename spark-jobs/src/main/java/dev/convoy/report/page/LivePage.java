package dev.convoy.report.page;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.data.Sha256;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves a report to browsers of this machine alone, made anew from what the runs have written so far. */
public final class LivePage implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LivePage.class);

    private final Configuration hadoop;
    private final List<Path> runs;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "convoy-live-page");
        thread.setDaemon(true);
        return thread;
    });

    private LivePage(Configuration hadoop, List<Path> runs, HttpServer server) {
        this.hadoop = hadoop;
        this.runs = runs;
        this.server = server;
    }

    /**
     * Begins to serve.
     *
     * @param port 0 for any free one
     * @throws ConvoyException if the port is taken
     */
    public static LivePage serve(Configuration hadoop, List<Path> runs, int port) throws IOException {
        HttpServer server;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        } catch (IOException | IllegalArgumentException e) {
            throw new ConvoyException(
                    "Cannot serve the report at port " + port + ": " + e.getMessage()
                            + "; give another --port, or none for any free one",
                    e);
        }
        LivePage page = new LivePage(hadoop, runs, server);
        server.createContext("/", page::answer);
        server.setExecutor(page.threads);
        server.start();
        return page;
    }

    /** Where a browser finds it. */
    public String address() {
        return "http://localhost:" + server.getAddress().getPort() + "/";
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            if (!isAsked(exchange)) {
                send(exchange, 403, "text/plain", "Asked for by another name than localhost");
            } else if (path.equals("/version")) {
                send(exchange, 200, "text/plain", version());
            } else if (path.equals("/")) {
                // Of before the runs are read, so that what comes meanwhile is seen the next time.
                String version = version();
                send(exchange, 200, "text/html", ReportPage.of(hadoop, runs, version));
            } else {
                send(exchange, 404, "text/plain", "There is only one page");
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("Cannot answer {}: {}", exchange.getRequestURI(), Printable.firstLine(e));
        }
    }

    /** A page of somewhere else must not come here by a name of its own for this machine. */
    private static boolean isAsked(HttpExchange exchange) {
        String host =
                String.valueOf(exchange.getRequestHeaders().getFirst("Host")).replaceAll(":[0-9]*$", "");
        return exchange.getRequestMethod().equals("GET")
                && List.of("localhost", "127.0.0.1", "[::1]").contains(host);
    }

    private static void send(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    /** Changes whenever a file of the runs does, or a run's status. */
    private String version() throws IOException {
        StringBuilder states = new StringBuilder();
        for (Path run : runs) {
            FileSystem files = RunFolder.files(hadoop, run);
            for (FileStatus status : files.listStatus(run)) {
                String name = status.getPath().getName();
                states.append(name);
                if (name.equals("result.json")) {
                    // It is written again and again as a sign of life.
                    states.append(RunFolder.status(files, run));
                } else if (name.startsWith("events")) {
                    // The length that the file system knows of an open file may be old.
                    try (FSDataInputStream in = files.open(status.getPath())) {
                        states.append(in.available());
                    }
                } else {
                    states.append(status.getLen()).append(status.getModificationTime());
                }
            }
        }
        return Sha256.of(new ByteArrayInputStream(states.toString().getBytes(StandardCharsets.UTF_8)));
    }

    /** Waits until the process is told to end. */
    public void await() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
