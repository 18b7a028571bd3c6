package dev.faithdiff.cli;

import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.report.ReportedModel;
import dev.faithdiff.report.ResultCheck;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Engine;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Finds out whether a result is what its page says. */
@Command(name = "verify-result", sortOptions = false, description = "Check a page of 'restore --report': are model, photo, settings and result "
        + "as they were, and does restoring again give the same bytes?",
        footer = {"", "Exit code: 0 all is as it was, 1 something has changed, with a line for each."})
final class VerifyResultCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "PAGE", description = "A page that 'restore --report' wrote, or a result beside which its page lies.")
    private Path page;

    @Option(names = "--input", paramLabel = "PHOTO", description = "The photo, if it is no longer where it was.")
    private Path input;

    @Option(names = "--output", paramLabel = "RESULT", description = "The result, if it is no longer where it was.")
    private Path output;

    @Mixin private ModelChoice model;

    @Option(names = "--no-run", description = "Only compare hashes; do not restore again.")
    private boolean noRun;

    @Override public Integer call() {
        if (ImageFiles.isPhoto(page)) {
            if (output == null) output = page;
            page = page.resolveSibling(page.getFileName() + ".html");
        }
        ResultCheck check = new ResultCheck(page, input, output);
        model.orElse(check.asked());
        PrintWriter out = spec.commandLine().getOut();
        List<String> problems = check.compare(ReportedModel.sums(model.files()));
        problems.forEach(out::println);
        boolean mayRun = problems.stream().allMatch(p -> p.startsWith("output"));
        String again = noRun ? null : mayRun ? restored(check) : "not restored again, since what it follows from has changed";
        if (again != null) out.println(again);
        boolean isSame = problems.isEmpty() && again == null;
        if (!noRun && mayRun && again == null) out.println("restored again: the same bytes");
        if (isSame) out.println("model, input, settings and output are as " + page.getFileName() + " says");
        out.flush();
        return isSame ? 0 : 1;
    }

    private String restored(ResultCheck check) {
        Device on = Backend.device(check.device());
        try (Restorer restorer = model.open(new Compute(on, check.precision(), Offload.AUTO, model.loras(), check.isExact()))) {
            return check.isExact() ? Engine.exactly(() -> again(check, restorer)) : again(check, restorer);
        }
    }

    private String again(ResultCheck check, Restorer restorer) { return check.again(restorer, model.names(), model.digests()); }
}
