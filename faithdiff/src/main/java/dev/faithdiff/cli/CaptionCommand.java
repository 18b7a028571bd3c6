package dev.faithdiff.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.Caption;
import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.caption.CaptionListener;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.restore.caption.Captioners;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Engine;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes beside photos what they show. */
@Command(name = "caption", sortOptions = false, description = "Write beside each photo, as photo.txt, what it shows, where 'restore' finds it as the "
        + "photo's prompt. A photo that has a caption keeps it. An installed LLaVA or tagger describes the photos, or another program.")
final class CaptionCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "PHOTO", description = "Photos, folders, or quoted patterns such as 'album/**/*.jpg'.")
    private List<String> in;

    @Option(names = "--captioner", paramLabel = "MODEL", description = "Folder or name of the captioner's model; llava or tags: the first one "
            + "installed of that kind (default: llava).")
    private String captioner = "llava";

    @Option(names = "--caption-command", paramLabel = "CMD", description = "Ask another program instead: it gets the path of a PNG file as its last "
            + "argument and prints the caption.")
    private String command;

    @Mixin private CaptionFlags flags;

    @Option(names = "--overwrite", description = "Replace captions that are there.")
    private boolean overwrite;

    @Option(names = "--print", description = "Only print captions, of all photos, and write none.")
    private boolean print;

    @Option(names = "--tiles", paramLabel = "N", description = "Also print a caption of each of N x N parts of a photo, row by row.")
    private int tiles = 1;

    @Option(names = "--profile", paramLabel = "FILE", description = "For one photo: print where the time went, and write a trace (.json) "
            + "for https://ui.perfetto.dev or chrome://tracing.")
    private Path trace;

    @Option(names = "--dry-run", description = "Describe nothing: print for the first photo how long a caption of --max-tokens will take on this "
            + "machine, and how much memory it will hold.")
    private boolean dryRun;

    @Option(names = "--json", description = "Print JSON: for each photo its text, and with --tiles those of its parts.")
    private boolean json;

    @Mixin private DeviceChoice device;

    @Override public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Warnings warnings = new Warnings(spec.commandLine().getErr());
        if (tiles < 1 || tiles > 8) throw new ParameterException(spec.commandLine(), "--tiles is 1 to 8");
        List<Path> photos = TagCommand.photos(in, spec.commandLine(), warnings).stream().filter(p -> print || overwrite || isOpen(p)).toList();
        if (photos.isEmpty()) return 0;
        JsonArray all = new JsonArray();
        if (trace != null && photos.size() != 1) throw new ParameterException(spec.commandLine(), "--profile is for one photo");
        if (dryRun) return dryRun(photos.getFirst(), out);
        boolean failed = false;
        try (Interrupt _ = new Interrupt(); Captioner c = captioner(warnings)) {
            for (Path photo : photos) {
                try {
                    Image image = Batch.read(photo, false).visible();
                    String text = described(c, image, out);
                    List<String> parts = tiles == 1 ? List.of() : Described.parts(c, image, tiles);
                    if (json) all.add(json(photo, text, parts));
                    else out.println(photos.size() == 1 ? text : photo + ": " + text);
                    if (!json) for (int i = 0; i < parts.size(); i++) out.println("part " + (i + 1) + ": " + parts.get(i));
                    out.flush();
                    if (!print) OutputFile.write(Caption.beside(photo), text);
                } catch (ImageError e) {
                    warnings.warn(e.getMessage());
                    failed = true;
                }
            }
        }
        if (json) out.println(new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(all));
        out.flush();
        return failed ? 1 : 0;
    }

    private int dryRun(Path photo, PrintWriter out) {
        if (command != null) throw new ParameterException(spec.commandLine(), "--dry-run is not for another program");
        Image image = Batch.read(photo, false).visible();
        out.println(photo + ": " + ForecastOption.caption(on -> Captioners.open(Captioners.folder(captioner), on, flags.options()),
                _ -> List.of(image)));
        out.flush();
        return 0;
    }

    private static boolean isOpen(Path photo) { return Caption.of(photo).text() == null; }

    private Captioner captioner(Warnings warnings) {
        if (command != null) return CommandCaptioner.of(command);
        try {
            return Captioners.open(Captioners.folder(captioner), device.open(DType.F32, warnings::warn).device(), flags.options());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
    }

    /** What a photo shows. How long that took is said with --verbose, and where the time went with --profile. */
    private String described(Captioner c, Image photo, PrintWriter out) {
        CaptionPace pace = new CaptionPace();
        String text = trace == null ? c.describe(photo, pace) : profiled(c, photo, pace, out);
        if (Main.isVerbose(spec) && pace.line() != null) spec.commandLine().getErr().println(pace.line());
        return text;
    }

    private String profiled(Captioner c, Image photo, CaptionListener pace, PrintWriter out) {
        try (Profile profile = new Profile(trace)) {
            Listener stages = profile.stages();
            String text = Engine.observed(profile, () -> c.describe(photo, (stage, tokens) -> {
                pace.at(stage, tokens);
                stages.at(stage.name().toLowerCase(Locale.ROOT), 0, 0);
            }));
            out.print(profile.end(Device.CPU));
            return text;
        }
    }

    private static JsonObject json(Path photo, String text, List<String> parts) {
        JsonObject o = new JsonObject();
        o.addProperty("photo", photo.toString());
        o.addProperty("text", text);
        if (parts.isEmpty()) return o;
        JsonArray list = new JsonArray();
        parts.forEach(list::add);
        o.add("parts", list);
        return o;
    }
}
