package dev.faithdiff.server.api;

import dev.faithdiff.server.job.Restoration;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/** Numbers for Prometheus: requests, restorations, the queue, and the process. */
public final class ServerMetrics {
    /** What Prometheus reads. */
    static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    public ServerMetrics() {
        List.of(new JvmMemoryMetrics(), new JvmThreadMetrics(), new FileDescriptorMetrics(), new ProcessorMetrics(), new UptimeMetrics())
                .forEach(m -> m.bindTo(registry));
    }

    /** A restoration ended. */
    public void ended(Restoration r, double seconds) {
        Timer.builder("faithdiff.restorations").description("Restorations that ended, and the time that they ran").tag("model", r.order().model())
                .tag("state", r.state().name().toLowerCase(Locale.ROOT)).register(registry).record(Duration.ofNanos((long) (1e9 * seconds)));
    }

    void request(String method, String path, int status, long nanos) {
        Timer.builder("faithdiff.http.requests").description("Requests, by the path as the API document has it").tag("method", method)
                .tag("path", path).tag("status", String.valueOf(status)).register(registry).record(Duration.ofNanos(nanos));
    }

    void gauge(String name, String what, Supplier<Number> value) { Gauge.builder(name, value).description(what).register(registry); }

    String text() { return registry.scrape(TYPE); }
}
