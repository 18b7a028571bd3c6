package dev.faithdiff.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.Caption;
import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.Worklist;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.restore.caption.Captioners;
import dev.faithdiff.restore.caption.Tagger;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what photos show. */
@Command(name = "tag", sortOptions = false, description = "Say what photos show, as 'restore --prompt auto' does, by an installed tagger such as "
        + "RAM or DAPE.")
final class TagCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "PHOTO", description = "Photos, folders, or quoted patterns such as 'album/**/*.jpg'.")
    private List<String> in;

    @Option(names = "--captioner", paramLabel = "MODEL", description = "Folder or name of the tagger's model (default: the first one that is "
            + "installed).")
    private String captioner;

    @Option(names = "--json", description = "Print JSON: for each photo its text, and its tags with their scores.")
    private boolean json;

    @Option(names = "--write", description = "Also write each text beside its photo, as photo.txt, where 'restore' finds it for a list of photos. "
            + "A photo that has a caption keeps it.")
    private boolean write;

    @Mixin private DeviceChoice device;

    @Override public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Warnings warnings = new Warnings(spec.commandLine().getErr());
        List<Path> photos = photos(in, spec.commandLine(), warnings);
        Device on = device.open(DType.F32, warnings::warn).device();
        JsonArray all = new JsonArray();
        boolean failed = false;
        try (Interrupt _ = new Interrupt(); Captioner c = Captioners.open(Captioners.folder(captioner), on)) {
            for (Path photo : photos) {
                Seen seen;
                try {
                    seen = Seen.of(c, Batch.read(photo, false).visible());
                } catch (ImageError e) {
                    warnings.warn(e.getMessage());
                    failed = true;
                    continue;
                }
                if (json) all.add(seen.json(photo));
                else out.println(photos.size() == 1 ? seen.text : photo + ": " + seen.text);
                if (write && Caption.of(photo).text() == null) OutputFile.write(Caption.beside(photo), seen.text);
            }
        }
        if (json) out.println(new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(all));
        out.flush();
        return failed ? 1 : 0;
    }

    /** The photos that arguments name. */
    static List<Path> photos(List<String> in, CommandLine line, Warnings warnings) {
        try {
            Worklist.Photos found = Worklist.photos(in);
            found.remarks().forEach(warnings::warn);
            return found.files();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(line, e.getMessage());
        }
    }

    /** What a captioner says of a photo. @param tags null if it knows no tags */
    private record Seen(String text, List<Tagger.Tag> tags) {
        static Seen of(Captioner c, Image photo) {
            if (!(c instanceof Tagger tagger)) return new Seen(c.describe(photo), null);
            List<Tagger.Tag> tags = tagger.tags(photo);
            return new Seen(Tagger.joined(tags), tags);
        }

        JsonObject json(Path photo) {
            JsonObject o = new JsonObject();
            o.addProperty("photo", photo.toString());
            o.addProperty("text", text);
            if (tags == null) return o;
            JsonArray list = new JsonArray();
            for (Tagger.Tag t : tags) {
                JsonObject tag = new JsonObject();
                tag.addProperty("tag", t.name());
                tag.addProperty("score", Double.valueOf(String.format(Locale.ROOT, "%.4f", t.score())));
                list.add(tag);
            }
            o.add("tags", list);
            return o;
        }
    }
}
