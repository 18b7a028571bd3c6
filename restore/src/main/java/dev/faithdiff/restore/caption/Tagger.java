package dev.faithdiff.restore.caption;

import dev.faithdiff.image.Image;
import java.util.List;
import java.util.stream.Collectors;

/** A captioner that knows a list of tags, and says which of them a photo shows. */
public interface Tagger extends Captioner {
    /** A tag of a photo. @param score how sure it is, 0..1 */
    record Tag(String name, double score) {}

    /** The tags of a photo, in the order of the tagger's own list. */
    List<Tag> tags(Image photo);

    /** The tags with commas between, as prompts hold them. */
    @Override default String describe(Image photo, CaptionListener listener) { return joined(tags(photo)); }

    /** The names with commas between. */
    static String joined(List<Tag> tags) { return tags.stream().map(Tag::name).collect(Collectors.joining(", ")); }
}
