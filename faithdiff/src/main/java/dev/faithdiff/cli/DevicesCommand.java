package dev.faithdiff.cli;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.host.ContainerMemory;
import dev.faithdiff.tensor.op.Backend;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists the devices that can be used, the reasons why others cannot, and the limits of this process. */
@Command(name = "devices", description = "List the devices that can be used, why others cannot, and the limits of memory and processors.")
final class DevicesCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Override public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        for (Backend b : Backend.all().values()) {
            String reason = b.unavailable();
            if (reason != null) out.println(b.kind() + ": not available: " + reason);
            for (int i = 0; reason == null && i < b.count(); i++) out.println(b.describe(i));
        }
        ContainerMemory container = ContainerMemory.now();
        out.println("memory: " + megabytes(Device.CPU.freeBytes()) + " free for tensors; the heap takes at most "
                + megabytes(Runtime.getRuntime().maxMemory()) + (container.version() == 0 ? "; no limit of a container"
                : "; the container's limit is " + megabytes(container.limitBytes()) + " (cgroup v" + container.version() + ")"));
        out.println("processors: " + Runtime.getRuntime().availableProcessors() + " for this process, by the container's limit where there is one");
        out.flush();
        return 0;
    }

    private static String megabytes(long bytes) { return (bytes >> 20) + " MB"; }
}
