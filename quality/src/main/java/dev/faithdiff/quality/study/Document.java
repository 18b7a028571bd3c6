package dev.faithdiff.quality.study;

import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.ImageFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;

/** A text with tables and pictures, as Markdown and as one HTML page. {@code **best**} and {@code *second*} are emphasised in both. */
final class Document {
    private static final String STYLE = "body{font:15px sans-serif;max-width:1300px;margin:2em auto;padding:0 1em}table{border-collapse:collapse;"
            + "display:block;overflow-x:auto}td,th{border:1px solid #bbb;padding:3px 8px;text-align:left}img{max-width:100%}";

    private sealed interface Block {
        record Heading(int level, String text) implements Block {}

        record Paragraph(String text) implements Block {}

        record Points(List<String> texts) implements Block {}

        record Tabular(List<String> head, List<List<String>> rows) implements Block {}

        record Shown(Path file, String text) implements Block {}
    }

    private final String title;
    private final List<Block> blocks = new ArrayList<>();

    Document(String title) {
        this.title = title;
        blocks.add(new Block.Heading(1, title));
    }

    void heading(String text) { blocks.add(new Block.Heading(2, text)); }

    void paragraph(String text) { if (!text.isBlank()) blocks.add(new Block.Paragraph(text)); }

    void points(List<String> texts) { if (!texts.isEmpty()) blocks.add(new Block.Points(texts)); }

    void table(List<String> head, List<List<String>> rows) { blocks.add(new Block.Tabular(head, rows)); }

    /** The same with rows as columns. */
    void turnedTable(List<String> head, List<List<String>> rows) {
        List<String> turnedHead = new ArrayList<>(List.of(head.getFirst()));
        rows.forEach(r -> turnedHead.add(r.getFirst()));
        List<List<String>> turned = new ArrayList<>();
        for (int i = 1; i < head.size(); i++) {
            List<String> row = new ArrayList<>(List.of(head.get(i)));
            for (List<String> r : rows) row.add(r.get(i));
            turned.add(row);
        }
        table(turnedHead, turned);
    }

    /** A picture beside the document. Null: none. */
    void image(Path file, String text) { if (file != null) blocks.add(new Block.Shown(file, text)); }

    String markdown() {
        return blocks.stream().map(b -> switch (b) {
            case Block.Heading h -> "#".repeat(h.level) + " " + h.text;
            case Block.Paragraph p -> p.text;
            case Block.Points p -> p.texts.stream().map(t -> "- " + t).collect(Collectors.joining("\n"));
            case Block.Tabular t -> row(t.head) + "\n" + row(t.head.stream().map(_ -> "---").toList()) + "\n"
                    + t.rows.stream().map(Document::row).collect(Collectors.joining("\n"));
            case Block.Shown i -> "![" + i.text + "](" + i.file.getFileName() + ")";
        }).collect(Collectors.joining("\n\n", "", "\n"));
    }

    private static String row(List<String> cells) {
        return cells.stream().map(c -> c.replace("|", "\\|")).collect(Collectors.joining(" | ", "| ", " |"));
    }

    /** One page that needs no other file. */
    String html() {
        String body = blocks.stream().map(b -> switch (b) {
            case Block.Heading h -> tag("h" + h.level, escaped(h.text));
            case Block.Paragraph p -> tag("p", escaped(p.text));
            case Block.Points p -> tag("ul", p.texts.stream().map(t -> tag("li", escaped(t))).collect(Collectors.joining()));
            case Block.Tabular t -> tag("table", cells("th", t.head) + t.rows.stream().map(r -> cells("td", r)).collect(Collectors.joining("\n")));
            case Block.Shown i -> tag("p", "<img alt=\"" + escaped(i.text) + "\" src=\"" + data(i.file) + "\">");
        }).collect(Collectors.joining("\n"));
        return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + escaped(title) + "</title><style>" + STYLE
                + "</style></head><body>\n" + body + "\n</body></html>\n";
    }

    private static String cells(String tag, List<String> cells) {
        return tag("tr", cells.stream().map(c -> tag(tag, escaped(c))).collect(Collectors.joining()));
    }

    private static String tag(String name, String content) { return "<" + name + ">" + content + "</" + name + ">"; }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;")
                .replaceAll("\\*\\*(.+?)\\*\\*", "<b>$1</b>").replaceAll("\\*(.+?)\\*", "<i>$1</i>");
    }

    private static String data(Path file) {
        try {
            String type = file.toString().endsWith(".jpg") ? "jpeg" : "png";
            return "data:image/" + type + ";base64," + Base64.getEncoder().encodeToString(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new ImageError("cannot read " + file + ": " + ImageFiles.reason(e), e);
        }
    }
}
