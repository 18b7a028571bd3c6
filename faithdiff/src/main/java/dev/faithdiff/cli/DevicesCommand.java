package dev.faithdiff.cli;

import dev.faithdiff.tensor.op.Backend;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists the devices that can be used, and the reasons why others cannot. */
@Command(name = "devices", description = "List the devices that can be used, and why others cannot.")
final class DevicesCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Override public Integer call() {
        for (Backend b : Backend.all().values()) {
            String reason = b.unavailable();
            if (reason != null) spec.commandLine().getOut().println(b.kind() + ": not available: " + reason);
            for (int i = 0; reason == null && i < b.count(); i++) spec.commandLine().getOut().println(b.describe(i));
        }
        return 0;
    }
}
