-- Erases a person. $1 the address, $2 whether the texts are kept, $3 who decides.
SELECT json_build_object('questions', questions_erased, 'answers', answers_erased, 'others', others_changed)
FROM erase_person($1::text, $2::boolean, $3::text)
